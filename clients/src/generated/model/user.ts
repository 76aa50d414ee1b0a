/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Role } from './role';

/**
 * A person, as they see themselves.
 */
export type User = {
  /** Id. */
  id: string;
  /** Address. */
  email: string;
  /** Public name. */
  username: string;
  /** What they may be. */
  roles: Role[];
};
