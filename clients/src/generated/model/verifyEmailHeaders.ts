/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

export type VerifyEmailHeaders = {
/**
 * The token of the mail.
 */
'X-Verify-Token'?: string;
};
