// A question by keyboard: the keys 1 to 9 choose, Enter goes on. Everything else works without it.
const form = document.getElementById("question");

if (form instanceof HTMLFormElement) {
  document.addEventListener("keydown", (event) => {
    const at = event.target;
    const typing = at instanceof HTMLInputElement && at.type === "number";
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const options = [...form.querySelectorAll(".option")].filter((one) => one instanceof HTMLElement && one.offsetParent);
    const steps = options.some((one) => one.classList.contains("step"));
    const place = /^[0-9]$/.test(event.key) ? Number(event.key) - (steps ? 0 : 1) : -1;
    const option = options[place];
    if (option instanceof HTMLElement) {
      event.preventDefault();
      option.click();
    } else if (event.key === "Enter" && (at === document.body || (at instanceof HTMLInputElement && at.type === "checkbox"))) {
      event.preventDefault();
      document.getElementById("next")?.click();
    }
  });
}
