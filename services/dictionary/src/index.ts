export { dictionary } from "./contract.js";
export { provideDictionary } from "./provider.js";
