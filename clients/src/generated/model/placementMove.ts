/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Platform } from './platform';
import type { PlacementMoveFrom } from './placementMoveFrom';
import type { PlacementStatus } from './placementStatus';

/**
 * A move of a platform's status.
 */
export type PlacementMove = {
  platform: Platform;
  /** When. */
  at: string;
  /** @nullable */
  from?: PlacementMoveFrom;
  to: PlacementStatus;
  /**
   * Who; null: the distributor.
   * @nullable
   */
  by?: string | null;
  /** Why. */
  why: string;
};
