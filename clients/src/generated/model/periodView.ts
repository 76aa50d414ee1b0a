/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * What is paid for.
 */
export type PeriodView = {
  /** Its first moment. */
  start: string;
  /** The first moment after it. */
  end: string;
};
