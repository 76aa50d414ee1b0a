/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * A mail address.
 */
export type AddressRequest = {
  /** Address. */
  email: string;
};
