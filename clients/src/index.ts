/** Typed client of Veza's API. Say where it is with `configure`, then call; `example.ts` shows a sale. */
export { configure, type Settings } from './http';
export * from './generated/model';
export * from './generated/admin/admin';
export * from './generated/catalogue/catalogue';
export * from './generated/distribution/distribution';
export * from './generated/identity/identity';
export * from './generated/operations/operations';
export * from './generated/orders/orders';
export * from './generated/selling/selling';
export * from './generated/subscriptions/subscriptions';
