#!/usr/bin/env node
// In the repository before the build, so that package managers can link it.
import "../bundle/main.js";
