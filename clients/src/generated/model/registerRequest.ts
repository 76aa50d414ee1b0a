/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * What somebody registers with.
 */
export type RegisterRequest = {
  /** Address; a mail goes there. */
  email: string;
  /** Public name: 3 to 32 letters, digits, `_`, `-` or `.`. */
  username: string;
  /** At least 12 characters, none of the commonest passwords. */
  password: string;
};
