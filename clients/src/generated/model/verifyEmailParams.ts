/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

export type VerifyEmailParams = {
/**
 * The token of the mail; deprecated.
 */
token?: string;
};
