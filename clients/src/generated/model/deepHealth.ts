/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { HealthStatus } from './healthStatus';
import type { HealthCheck } from './healthCheck';
import type { HealthWorker } from './healthWorker';
import type { HealthBacklog } from './healthBacklog';

/**
 * Everything that Veza leans on.
 */
export type DeepHealth = {
  status: HealthStatus;
  /** Which version this is. */
  version: string;
  /** What Veza leans on. */
  checks: HealthCheck[];
  /** Its workers. */
  workers: HealthWorker[];
  /** How far behind the work is. */
  backlog: HealthBacklog[];
};
