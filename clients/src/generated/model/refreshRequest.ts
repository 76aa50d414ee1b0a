/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * A refresh token.
 */
export type RefreshRequest = {
  /** The newest refresh token; works once. */
  refresh_token: string;
};
