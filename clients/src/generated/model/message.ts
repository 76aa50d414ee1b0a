/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * Words for a person.
 */
export type Message = {
  /** What happened, or will. */
  message: string;
};
