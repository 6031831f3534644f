export { reportOf } from "./report.js";
export { type Result, run } from "./run.js";
export type { RunOptions } from "./run-options.js";
