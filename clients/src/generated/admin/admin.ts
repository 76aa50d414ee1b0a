/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type {
  AttentionPage,
  DeliveryPage,
  LedgerBalances,
  ListAttentionParams,
  ListWebhookDeliveriesParams,
  Problem,
  WebhookDelivery
} from '.././model';

import { http } from '../../http';

/**
 * @summary List what waits on a person, oldest first, each with a reason and a proposed action.
 */
export type listAttentionResponse200 = {
  data: AttentionPage
  status: 200
}

export type listAttentionResponse400 = {
  data: Problem
  status: 400
}

export type listAttentionResponse401 = {
  data: Problem
  status: 401
}

export type listAttentionResponse403 = {
  data: Problem
  status: 403
}

export type listAttentionResponse404 = {
  data: Problem
  status: 404
}

export type listAttentionResponse409 = {
  data: Problem
  status: 409
}

export type listAttentionResponse413 = {
  data: Problem
  status: 413
}

export type listAttentionResponse415 = {
  data: Problem
  status: 415
}

export type listAttentionResponse422 = {
  data: Problem
  status: 422
}

export type listAttentionResponse429 = {
  data: Problem
  status: 429
}

export type listAttentionResponse500 = {
  data: Problem
  status: 500
}

export type listAttentionResponse502 = {
  data: Problem
  status: 502
}

export type listAttentionResponse503 = {
  data: Problem
  status: 503
}
    
export type listAttentionResponseSuccess = (listAttentionResponse200) & {
  headers: Headers;
};
export type listAttentionResponseError = (listAttentionResponse400 | listAttentionResponse401 | listAttentionResponse403 | listAttentionResponse404 | listAttentionResponse409 | listAttentionResponse413 | listAttentionResponse415 | listAttentionResponse422 | listAttentionResponse429 | listAttentionResponse500 | listAttentionResponse502 | listAttentionResponse503) & {
  headers: Headers;
};

export type listAttentionResponse = (listAttentionResponseSuccess | listAttentionResponseError)

export const getListAttentionUrl = (params?: ListAttentionParams,) => {
  const normalizedParams = new URLSearchParams();

  Object.entries(params || {}).forEach(([key, value]) => {
    
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : value.toString())
    }
  });

  const stringifiedParams = normalizedParams.toString();

  return stringifiedParams.length > 0 ? `/api/v1/admin/attention?${stringifiedParams}` : `/api/v1/admin/attention`
}

export const listAttention = async (params?: ListAttentionParams, options?: RequestInit): Promise<listAttentionResponse> => {
  
  return http<listAttentionResponse>(getListAttentionUrl(params),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * Every delivery within the size limit has one row, whatever came of it.
 * @summary Search the webhook log, newest first.
 */
export type listWebhookDeliveriesResponse200 = {
  data: DeliveryPage
  status: 200
}

export type listWebhookDeliveriesResponse400 = {
  data: Problem
  status: 400
}

export type listWebhookDeliveriesResponse401 = {
  data: Problem
  status: 401
}

export type listWebhookDeliveriesResponse403 = {
  data: Problem
  status: 403
}

export type listWebhookDeliveriesResponse404 = {
  data: Problem
  status: 404
}

export type listWebhookDeliveriesResponse409 = {
  data: Problem
  status: 409
}

export type listWebhookDeliveriesResponse413 = {
  data: Problem
  status: 413
}

export type listWebhookDeliveriesResponse415 = {
  data: Problem
  status: 415
}

export type listWebhookDeliveriesResponse422 = {
  data: Problem
  status: 422
}

export type listWebhookDeliveriesResponse429 = {
  data: Problem
  status: 429
}

export type listWebhookDeliveriesResponse500 = {
  data: Problem
  status: 500
}

export type listWebhookDeliveriesResponse502 = {
  data: Problem
  status: 502
}

export type listWebhookDeliveriesResponse503 = {
  data: Problem
  status: 503
}
    
export type listWebhookDeliveriesResponseSuccess = (listWebhookDeliveriesResponse200) & {
  headers: Headers;
};
export type listWebhookDeliveriesResponseError = (listWebhookDeliveriesResponse400 | listWebhookDeliveriesResponse401 | listWebhookDeliveriesResponse403 | listWebhookDeliveriesResponse404 | listWebhookDeliveriesResponse409 | listWebhookDeliveriesResponse413 | listWebhookDeliveriesResponse415 | listWebhookDeliveriesResponse422 | listWebhookDeliveriesResponse429 | listWebhookDeliveriesResponse500 | listWebhookDeliveriesResponse502 | listWebhookDeliveriesResponse503) & {
  headers: Headers;
};

export type listWebhookDeliveriesResponse = (listWebhookDeliveriesResponseSuccess | listWebhookDeliveriesResponseError)

export const getListWebhookDeliveriesUrl = (params?: ListWebhookDeliveriesParams,) => {
  const normalizedParams = new URLSearchParams();

  Object.entries(params || {}).forEach(([key, value]) => {
    
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : value.toString())
    }
  });

  const stringifiedParams = normalizedParams.toString();

  return stringifiedParams.length > 0 ? `/api/v1/admin/webhooks?${stringifiedParams}` : `/api/v1/admin/webhooks`
}

export const listWebhookDeliveries = async (params?: ListWebhookDeliveriesParams, options?: RequestInit): Promise<listWebhookDeliveriesResponse> => {
  
  return http<listWebhookDeliveriesResponse>(getListWebhookDeliveriesUrl(params),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * @summary Show one delivery of the webhook log.
 */
export type getWebhookDeliveryResponse200 = {
  data: WebhookDelivery
  status: 200
}

export type getWebhookDeliveryResponse400 = {
  data: Problem
  status: 400
}

export type getWebhookDeliveryResponse401 = {
  data: Problem
  status: 401
}

export type getWebhookDeliveryResponse403 = {
  data: Problem
  status: 403
}

export type getWebhookDeliveryResponse404 = {
  data: Problem
  status: 404
}

export type getWebhookDeliveryResponse409 = {
  data: Problem
  status: 409
}

export type getWebhookDeliveryResponse413 = {
  data: Problem
  status: 413
}

export type getWebhookDeliveryResponse415 = {
  data: Problem
  status: 415
}

export type getWebhookDeliveryResponse422 = {
  data: Problem
  status: 422
}

export type getWebhookDeliveryResponse429 = {
  data: Problem
  status: 429
}

export type getWebhookDeliveryResponse500 = {
  data: Problem
  status: 500
}

export type getWebhookDeliveryResponse502 = {
  data: Problem
  status: 502
}

export type getWebhookDeliveryResponse503 = {
  data: Problem
  status: 503
}
    
export type getWebhookDeliveryResponseSuccess = (getWebhookDeliveryResponse200) & {
  headers: Headers;
};
export type getWebhookDeliveryResponseError = (getWebhookDeliveryResponse400 | getWebhookDeliveryResponse401 | getWebhookDeliveryResponse403 | getWebhookDeliveryResponse404 | getWebhookDeliveryResponse409 | getWebhookDeliveryResponse413 | getWebhookDeliveryResponse415 | getWebhookDeliveryResponse422 | getWebhookDeliveryResponse429 | getWebhookDeliveryResponse500 | getWebhookDeliveryResponse502 | getWebhookDeliveryResponse503) & {
  headers: Headers;
};

export type getWebhookDeliveryResponse = (getWebhookDeliveryResponseSuccess | getWebhookDeliveryResponseError)

export const getGetWebhookDeliveryUrl = (id: string,) => {


  

  return `/api/v1/admin/webhooks/${id}`
}

export const getWebhookDelivery = async (id: string, options?: RequestInit): Promise<getWebhookDeliveryResponse> => {
  
  return http<getWebhookDeliveryResponse>(getGetWebhookDeliveryUrl(id),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * @summary Show the balance of every account of the ledger.
 */
export type getLedgerBalancesResponse200 = {
  data: LedgerBalances
  status: 200
}

export type getLedgerBalancesResponse400 = {
  data: Problem
  status: 400
}

export type getLedgerBalancesResponse401 = {
  data: Problem
  status: 401
}

export type getLedgerBalancesResponse403 = {
  data: Problem
  status: 403
}

export type getLedgerBalancesResponse404 = {
  data: Problem
  status: 404
}

export type getLedgerBalancesResponse409 = {
  data: Problem
  status: 409
}

export type getLedgerBalancesResponse413 = {
  data: Problem
  status: 413
}

export type getLedgerBalancesResponse415 = {
  data: Problem
  status: 415
}

export type getLedgerBalancesResponse422 = {
  data: Problem
  status: 422
}

export type getLedgerBalancesResponse429 = {
  data: Problem
  status: 429
}

export type getLedgerBalancesResponse500 = {
  data: Problem
  status: 500
}

export type getLedgerBalancesResponse502 = {
  data: Problem
  status: 502
}

export type getLedgerBalancesResponse503 = {
  data: Problem
  status: 503
}
    
export type getLedgerBalancesResponseSuccess = (getLedgerBalancesResponse200) & {
  headers: Headers;
};
export type getLedgerBalancesResponseError = (getLedgerBalancesResponse400 | getLedgerBalancesResponse401 | getLedgerBalancesResponse403 | getLedgerBalancesResponse404 | getLedgerBalancesResponse409 | getLedgerBalancesResponse413 | getLedgerBalancesResponse415 | getLedgerBalancesResponse422 | getLedgerBalancesResponse429 | getLedgerBalancesResponse500 | getLedgerBalancesResponse502 | getLedgerBalancesResponse503) & {
  headers: Headers;
};

export type getLedgerBalancesResponse = (getLedgerBalancesResponseSuccess | getLedgerBalancesResponseError)

export const getGetLedgerBalancesUrl = () => {


  

  return `/api/v1/admin/ledger`
}

export const getLedgerBalances = async ( options?: RequestInit): Promise<getLedgerBalancesResponse> => {
  
  return http<getLedgerBalancesResponse>(getGetLedgerBalancesUrl(),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


