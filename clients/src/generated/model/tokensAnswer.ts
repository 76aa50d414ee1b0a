/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { User } from './user';

/**
 * Somebody is signed in.
 */
export type TokensAnswer = {
  /** Bearer token of the next requests. */
  access_token: string;
  /** Exchanged for the next pair, once. */
  refresh_token: string;
  /** Seconds that the access token works. */
  expires_in: number;
  user: User;
};
