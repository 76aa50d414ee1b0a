/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { LicenseBody } from './licenseBody';

/**
 * All licences of a product.
 */
export type LicensesBody = {
  /** In order, at most 20. A licence whose kind stays keeps its id. */
  licenses: LicenseBody[];
};
