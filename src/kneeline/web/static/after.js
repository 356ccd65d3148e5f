// The page after a set that was counted by hand: the pause counts down and the next set begins.
import { rest } from "./rest.js";

rest(undefined, (form) => form.submit());
