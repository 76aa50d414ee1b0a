/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { ReconcileCounts } from './reconcileCounts';

/**
 * What became of a pass of the reconciler.
 */
export type ReconcileReport = {
  orders: ReconcileCounts;
  refunds: ReconcileCounts;
  orphan_refunds: ReconcileCounts;
  subscriptions: ReconcileCounts;
  transfers: ReconcileCounts;
};
