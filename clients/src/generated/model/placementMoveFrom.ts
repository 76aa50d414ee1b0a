/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { PlacementStatus } from './placementStatus';

/**
 * @nullable
 */
export type PlacementMoveFrom = PlacementStatus | null;
