/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * Address and password.
 */
export type LoginRequest = {
  /** Address. */
  email: string;
  /** Password. */
  password: string;
};
