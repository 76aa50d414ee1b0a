/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Placement } from './placement';
import type { PlacementMove } from './placementMove';

/**
 * A submission with its history.
 */
export type SubmissionDetail = {
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
  /** Every move of every platform's status, oldest first. */
  history: PlacementMove[];
};
