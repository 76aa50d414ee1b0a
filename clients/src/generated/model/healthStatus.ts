/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * How something is.
 */
export type HealthStatus = typeof HealthStatus[keyof typeof HealthStatus];


// eslint-disable-next-line @typescript-eslint/no-redeclare
export const HealthStatus = {
  ok: 'ok',
  off: 'off',
  degraded: 'degraded',
  down: 'down',
} as const;
