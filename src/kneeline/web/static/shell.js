// Every page: the shell that works offline.
if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register("/sw.js").catch(() => {}); // private windows have none, and need none
}
