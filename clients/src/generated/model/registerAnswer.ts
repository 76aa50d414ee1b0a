/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { User } from './user';

/**
 * A registration was taken.
 */
export type RegisterAnswer = {
  user: User;
  /** Always true: open the link in the mail. */
  verification_required: boolean;
  /** The same for a person. */
  message: string;
};
