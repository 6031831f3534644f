export { makeProgram, run } from "./program.js";
