// The printed sheet: one button.
import { part } from "./screen.js";

const button = part("print", HTMLButtonElement);
button.hidden = false;
button.onclick = () => print();
