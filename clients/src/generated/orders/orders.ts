/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type {
  CreateOrderHeaders,
  ListMyLicensesParams,
  ListOrdersParams,
  OrderBody,
  OrderCreated,
  OrderPage,
  OrderView,
  OwnedLicensePage,
  Problem,
  RefundBody,
  RefundCreated,
  RefundOrderHeaders,
  RefundPage
} from '.././model';

import { http } from '../../http';

/**
 * Freezes prices and licence terms and opens one payment for all items. An order of 0 is completed at once, with
`payment: null`. 503 `payment_provider_unavailable` means that the order stands (`order_id`) and its payment will be
opened; 502 `payment_provider_refused` that it has failed; 503 `payment_provider_required` that nothing was written.
 * @summary Place an order.
 */
export type createOrderResponse201 = {
  data: OrderCreated
  status: 201
}

export type createOrderResponse400 = {
  data: Problem
  status: 400
}

export type createOrderResponse401 = {
  data: Problem
  status: 401
}

export type createOrderResponse403 = {
  data: Problem
  status: 403
}

export type createOrderResponse404 = {
  data: Problem
  status: 404
}

export type createOrderResponse409 = {
  data: Problem
  status: 409
}

export type createOrderResponse413 = {
  data: Problem
  status: 413
}

export type createOrderResponse415 = {
  data: Problem
  status: 415
}

export type createOrderResponse422 = {
  data: Problem
  status: 422
}

export type createOrderResponse429 = {
  data: Problem
  status: 429
}

export type createOrderResponse500 = {
  data: Problem
  status: 500
}

export type createOrderResponse502 = {
  data: Problem
  status: 502
}

export type createOrderResponse503 = {
  data: Problem
  status: 503
}
    
export type createOrderResponseSuccess = (createOrderResponse201) & {
  headers: Headers;
};
export type createOrderResponseError = (createOrderResponse400 | createOrderResponse401 | createOrderResponse403 | createOrderResponse404 | createOrderResponse409 | createOrderResponse413 | createOrderResponse415 | createOrderResponse422 | createOrderResponse429 | createOrderResponse500 | createOrderResponse502 | createOrderResponse503) & {
  headers: Headers;
};

export type createOrderResponse = (createOrderResponseSuccess | createOrderResponseError)

export const getCreateOrderUrl = () => {


  

  return `/api/v1/marketplace/orders`
}

export const createOrder = async (orderBody: OrderBody,
    headers?: CreateOrderHeaders, options?: RequestInit): Promise<createOrderResponse> => {
  
  return http<createOrderResponse>(getCreateOrderUrl(),
  {      
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json; charset=utf-8',...headers, ...options?.headers },
    body: JSON.stringify(
      orderBody,)
  }
);}


/**
 * @summary List my orders, newest first.
 */
export type listOrdersResponse200 = {
  data: OrderPage
  status: 200
}

export type listOrdersResponse400 = {
  data: Problem
  status: 400
}

export type listOrdersResponse401 = {
  data: Problem
  status: 401
}

export type listOrdersResponse403 = {
  data: Problem
  status: 403
}

export type listOrdersResponse404 = {
  data: Problem
  status: 404
}

export type listOrdersResponse409 = {
  data: Problem
  status: 409
}

export type listOrdersResponse413 = {
  data: Problem
  status: 413
}

export type listOrdersResponse415 = {
  data: Problem
  status: 415
}

export type listOrdersResponse422 = {
  data: Problem
  status: 422
}

export type listOrdersResponse429 = {
  data: Problem
  status: 429
}

export type listOrdersResponse500 = {
  data: Problem
  status: 500
}

export type listOrdersResponse502 = {
  data: Problem
  status: 502
}

export type listOrdersResponse503 = {
  data: Problem
  status: 503
}
    
export type listOrdersResponseSuccess = (listOrdersResponse200) & {
  headers: Headers;
};
export type listOrdersResponseError = (listOrdersResponse400 | listOrdersResponse401 | listOrdersResponse403 | listOrdersResponse404 | listOrdersResponse409 | listOrdersResponse413 | listOrdersResponse415 | listOrdersResponse422 | listOrdersResponse429 | listOrdersResponse500 | listOrdersResponse502 | listOrdersResponse503) & {
  headers: Headers;
};

export type listOrdersResponse = (listOrdersResponseSuccess | listOrdersResponseError)

export const getListOrdersUrl = (params?: ListOrdersParams,) => {
  const normalizedParams = new URLSearchParams();

  Object.entries(params || {}).forEach(([key, value]) => {
    
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : value.toString())
    }
  });

  const stringifiedParams = normalizedParams.toString();

  return stringifiedParams.length > 0 ? `/api/v1/marketplace/orders?${stringifiedParams}` : `/api/v1/marketplace/orders`
}

export const listOrders = async (params?: ListOrdersParams, options?: RequestInit): Promise<listOrdersResponse> => {
  
  return http<listOrdersResponse>(getListOrdersUrl(params),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * @summary Show one of my orders.
 */
export type getOrderResponse200 = {
  data: OrderView
  status: 200
}

export type getOrderResponse400 = {
  data: Problem
  status: 400
}

export type getOrderResponse401 = {
  data: Problem
  status: 401
}

export type getOrderResponse403 = {
  data: Problem
  status: 403
}

export type getOrderResponse404 = {
  data: Problem
  status: 404
}

export type getOrderResponse409 = {
  data: Problem
  status: 409
}

export type getOrderResponse413 = {
  data: Problem
  status: 413
}

export type getOrderResponse415 = {
  data: Problem
  status: 415
}

export type getOrderResponse422 = {
  data: Problem
  status: 422
}

export type getOrderResponse429 = {
  data: Problem
  status: 429
}

export type getOrderResponse500 = {
  data: Problem
  status: 500
}

export type getOrderResponse502 = {
  data: Problem
  status: 502
}

export type getOrderResponse503 = {
  data: Problem
  status: 503
}
    
export type getOrderResponseSuccess = (getOrderResponse200) & {
  headers: Headers;
};
export type getOrderResponseError = (getOrderResponse400 | getOrderResponse401 | getOrderResponse403 | getOrderResponse404 | getOrderResponse409 | getOrderResponse413 | getOrderResponse415 | getOrderResponse422 | getOrderResponse429 | getOrderResponse500 | getOrderResponse502 | getOrderResponse503) & {
  headers: Headers;
};

export type getOrderResponse = (getOrderResponseSuccess | getOrderResponseError)

export const getGetOrderUrl = (id: string,) => {


  

  return `/api/v1/marketplace/orders/${id}`
}

export const getOrder = async (id: string, options?: RequestInit): Promise<getOrderResponse> => {
  
  return http<getOrderResponse>(getGetOrderUrl(id),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * The buyer, a seller of the order (own items only) or an admin. At most one refund of an order is in flight: 409
`refund_already_requested`. Other 409s: `order_not_refundable`, `refund_window_expired`. 502
`payment_provider_refused` means that the refund has failed and the order is back where it was.
 * @summary Ask for a refund.
 */
export type refundOrderResponse202 = {
  data: RefundCreated
  status: 202
}

export type refundOrderResponse400 = {
  data: Problem
  status: 400
}

export type refundOrderResponse401 = {
  data: Problem
  status: 401
}

export type refundOrderResponse403 = {
  data: Problem
  status: 403
}

export type refundOrderResponse404 = {
  data: Problem
  status: 404
}

export type refundOrderResponse409 = {
  data: Problem
  status: 409
}

export type refundOrderResponse413 = {
  data: Problem
  status: 413
}

export type refundOrderResponse415 = {
  data: Problem
  status: 415
}

export type refundOrderResponse422 = {
  data: Problem
  status: 422
}

export type refundOrderResponse429 = {
  data: Problem
  status: 429
}

export type refundOrderResponse500 = {
  data: Problem
  status: 500
}

export type refundOrderResponse502 = {
  data: Problem
  status: 502
}

export type refundOrderResponse503 = {
  data: Problem
  status: 503
}
    
export type refundOrderResponseSuccess = (refundOrderResponse202) & {
  headers: Headers;
};
export type refundOrderResponseError = (refundOrderResponse400 | refundOrderResponse401 | refundOrderResponse403 | refundOrderResponse404 | refundOrderResponse409 | refundOrderResponse413 | refundOrderResponse415 | refundOrderResponse422 | refundOrderResponse429 | refundOrderResponse500 | refundOrderResponse502 | refundOrderResponse503) & {
  headers: Headers;
};

export type refundOrderResponse = (refundOrderResponseSuccess | refundOrderResponseError)

export const getRefundOrderUrl = (id: string,) => {


  

  return `/api/v1/marketplace/orders/${id}/refund`
}

export const refundOrder = async (id: string,
    refundBody: RefundBody,
    headers?: RefundOrderHeaders, options?: RequestInit): Promise<refundOrderResponse> => {
  
  return http<refundOrderResponse>(getRefundOrderUrl(id),
  {      
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json; charset=utf-8',...headers, ...options?.headers },
    body: JSON.stringify(
      refundBody,)
  }
);}


/**
 * @summary List the refunds of an order, oldest first.
 */
export type listRefundsResponse200 = {
  data: RefundPage
  status: 200
}

export type listRefundsResponse400 = {
  data: Problem
  status: 400
}

export type listRefundsResponse401 = {
  data: Problem
  status: 401
}

export type listRefundsResponse403 = {
  data: Problem
  status: 403
}

export type listRefundsResponse404 = {
  data: Problem
  status: 404
}

export type listRefundsResponse409 = {
  data: Problem
  status: 409
}

export type listRefundsResponse413 = {
  data: Problem
  status: 413
}

export type listRefundsResponse415 = {
  data: Problem
  status: 415
}

export type listRefundsResponse422 = {
  data: Problem
  status: 422
}

export type listRefundsResponse429 = {
  data: Problem
  status: 429
}

export type listRefundsResponse500 = {
  data: Problem
  status: 500
}

export type listRefundsResponse502 = {
  data: Problem
  status: 502
}

export type listRefundsResponse503 = {
  data: Problem
  status: 503
}
    
export type listRefundsResponseSuccess = (listRefundsResponse200) & {
  headers: Headers;
};
export type listRefundsResponseError = (listRefundsResponse400 | listRefundsResponse401 | listRefundsResponse403 | listRefundsResponse404 | listRefundsResponse409 | listRefundsResponse413 | listRefundsResponse415 | listRefundsResponse422 | listRefundsResponse429 | listRefundsResponse500 | listRefundsResponse502 | listRefundsResponse503) & {
  headers: Headers;
};

export type listRefundsResponse = (listRefundsResponseSuccess | listRefundsResponseError)

export const getListRefundsUrl = (id: string,) => {


  

  return `/api/v1/marketplace/orders/${id}/refunds`
}

export const listRefunds = async (id: string, options?: RequestInit): Promise<listRefundsResponse> => {
  
  return http<listRefundsResponse>(getListRefundsUrl(id),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * @summary List the licences I own, newest first, revoked ones too.
 */
export type listMyLicensesResponse200 = {
  data: OwnedLicensePage
  status: 200
}

export type listMyLicensesResponse400 = {
  data: Problem
  status: 400
}

export type listMyLicensesResponse401 = {
  data: Problem
  status: 401
}

export type listMyLicensesResponse403 = {
  data: Problem
  status: 403
}

export type listMyLicensesResponse404 = {
  data: Problem
  status: 404
}

export type listMyLicensesResponse409 = {
  data: Problem
  status: 409
}

export type listMyLicensesResponse413 = {
  data: Problem
  status: 413
}

export type listMyLicensesResponse415 = {
  data: Problem
  status: 415
}

export type listMyLicensesResponse422 = {
  data: Problem
  status: 422
}

export type listMyLicensesResponse429 = {
  data: Problem
  status: 429
}

export type listMyLicensesResponse500 = {
  data: Problem
  status: 500
}

export type listMyLicensesResponse502 = {
  data: Problem
  status: 502
}

export type listMyLicensesResponse503 = {
  data: Problem
  status: 503
}
    
export type listMyLicensesResponseSuccess = (listMyLicensesResponse200) & {
  headers: Headers;
};
export type listMyLicensesResponseError = (listMyLicensesResponse400 | listMyLicensesResponse401 | listMyLicensesResponse403 | listMyLicensesResponse404 | listMyLicensesResponse409 | listMyLicensesResponse413 | listMyLicensesResponse415 | listMyLicensesResponse422 | listMyLicensesResponse429 | listMyLicensesResponse500 | listMyLicensesResponse502 | listMyLicensesResponse503) & {
  headers: Headers;
};

export type listMyLicensesResponse = (listMyLicensesResponseSuccess | listMyLicensesResponseError)

export const getListMyLicensesUrl = (params?: ListMyLicensesParams,) => {
  const normalizedParams = new URLSearchParams();

  Object.entries(params || {}).forEach(([key, value]) => {
    
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : value.toString())
    }
  });

  const stringifiedParams = normalizedParams.toString();

  return stringifiedParams.length > 0 ? `/api/v1/me/licenses?${stringifiedParams}` : `/api/v1/me/licenses`
}

export const listMyLicenses = async (params?: ListMyLicensesParams, options?: RequestInit): Promise<listMyLicensesResponse> => {
  
  return http<listMyLicensesResponse>(getListMyLicensesUrl(params),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


