/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { HealthStatus } from './healthStatus';

/**
 * Alive, or ready.
 */
export type Health = {
  status: HealthStatus;
  /** Which version this is. */
  version: string;
};
