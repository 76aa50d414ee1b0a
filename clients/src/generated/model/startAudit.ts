/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * What is audited.
 */
export type StartAudit = {
  /** Orders and transfers made at or after this; 30 days before `until` when left out. */
  since?: string;
  /** And before this; now when left out. */
  until?: string;
  /** Settle what the providers say where our books differ, as `veza audit --import` does. */
  import?: boolean;
};
