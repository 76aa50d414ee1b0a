/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * A worker.
 */
export type HealthWorker = {
  /** Its name. */
  name: string;
  /** When it last looked for work. */
  last_run_at: string;
};
