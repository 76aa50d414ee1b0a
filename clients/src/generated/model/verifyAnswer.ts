/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { User } from './user';

/**
 * An address was proven.
 */
export type VerifyAnswer = {
  user: User;
  /** The same for a person. */
  message: string;
};
