/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { HealthStatus } from './healthStatus';

/**
 * One thing that Veza leans on.
 */
export type HealthCheck = {
  /** `database`, `payments`, `payouts`, `distribution`, `mail`. */
  name: string;
  status: HealthStatus;
  /** How long it took to answer. */
  latency_ms: number;
};
