/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Placement } from './placement';

/**
 * A submission.
 */
export type Submission = {
  /** Its id. */
  id: string;
  /** The product that is sent. */
  product_id: string;
  /** As what: `track` or `release`. */
  kind: string;
  /** Its title when it was handed in. */
  title: string;
  /** When it was handed in. */
  created_at: string;
  /** Each platform's status. */
  platforms: Placement[];
};
