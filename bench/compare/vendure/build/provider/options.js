"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.OPTIONS = void 0;
exports.OPTIONS = Symbol('provider options');
