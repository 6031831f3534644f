export type { Link, LinkEvents, LinkState } from "./link.js";
