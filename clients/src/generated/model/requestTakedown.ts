/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Platform } from './platform';

/**
 * What to take down.
 */
export type RequestTakedown = {
  /** From where; everywhere when left out. */
  platforms?: Platform[];
  /** Why, at most 500 characters; kept in the history. */
  reason?: string;
};
