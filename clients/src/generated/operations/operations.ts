/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type {
  DeepHealth,
  Health,
  Problem
} from '.././model';

import { http } from '../../http';

/**
 * @summary Is it alive?
 */
export type getHealthResponse200 = {
  data: Health
  status: 200
}
    
export type getHealthResponseSuccess = (getHealthResponse200) & {
  headers: Headers;
};
;

export type getHealthResponse = (getHealthResponseSuccess)

export const getGetHealthUrl = () => {


  

  return `/health`
}

export const getHealth = async ( options?: RequestInit): Promise<getHealthResponse> => {
  
  return http<getHealthResponse>(getGetHealthUrl(),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * @summary Does it take requests?
 */
export type getReadinessResponse200 = {
  data: Health
  status: 200
}

export type getReadinessResponse503 = {
  data: Health
  status: 503
}
    
export type getReadinessResponseSuccess = (getReadinessResponse200) & {
  headers: Headers;
};
export type getReadinessResponseError = (getReadinessResponse503) & {
  headers: Headers;
};

export type getReadinessResponse = (getReadinessResponseSuccess | getReadinessResponseError)

export const getGetReadinessUrl = () => {


  

  return `/health/ready`
}

export const getReadiness = async ( options?: RequestInit): Promise<getReadinessResponse> => {
  
  return http<getReadinessResponse>(getGetReadinessUrl(),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * At most five seconds old.
 * @summary How is everything it leans on?
 */
export type getDeepHealthResponse200 = {
  data: DeepHealth
  status: 200
}

export type getDeepHealthResponse503 = {
  data: DeepHealth
  status: 503
}
    
export type getDeepHealthResponseSuccess = (getDeepHealthResponse200) & {
  headers: Headers;
};
export type getDeepHealthResponseError = (getDeepHealthResponse503) & {
  headers: Headers;
};

export type getDeepHealthResponse = (getDeepHealthResponseSuccess | getDeepHealthResponseError)

export const getGetDeepHealthUrl = () => {


  

  return `/health/deep`
}

export const getDeepHealth = async ( options?: RequestInit): Promise<getDeepHealthResponse> => {
  
  return http<getDeepHealthResponse>(getGetDeepHealthUrl(),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * In the text format of Prometheus. With `METRICS_TOKEN` set, for who brings it as bearer token; without it, for clients on the
machine that Veza runs on.
 * @summary What is counted and measured.
 */
export type getMetricsResponse200 = {
  data: string
  status: 200
}

export type getMetricsResponse400 = {
  data: Problem
  status: 400
}

export type getMetricsResponse401 = {
  data: Problem
  status: 401
}

export type getMetricsResponse403 = {
  data: Problem
  status: 403
}

export type getMetricsResponse404 = {
  data: Problem
  status: 404
}

export type getMetricsResponse409 = {
  data: Problem
  status: 409
}

export type getMetricsResponse413 = {
  data: Problem
  status: 413
}

export type getMetricsResponse415 = {
  data: Problem
  status: 415
}

export type getMetricsResponse422 = {
  data: Problem
  status: 422
}

export type getMetricsResponse429 = {
  data: Problem
  status: 429
}

export type getMetricsResponse500 = {
  data: Problem
  status: 500
}

export type getMetricsResponse502 = {
  data: Problem
  status: 502
}

export type getMetricsResponse503 = {
  data: Problem
  status: 503
}
    
export type getMetricsResponseSuccess = (getMetricsResponse200) & {
  headers: Headers;
};
export type getMetricsResponseError = (getMetricsResponse400 | getMetricsResponse401 | getMetricsResponse403 | getMetricsResponse404 | getMetricsResponse409 | getMetricsResponse413 | getMetricsResponse415 | getMetricsResponse422 | getMetricsResponse429 | getMetricsResponse500 | getMetricsResponse502 | getMetricsResponse503) & {
  headers: Headers;
};

export type getMetricsResponse = (getMetricsResponseSuccess | getMetricsResponseError)

export const getGetMetricsUrl = () => {


  

  return `/metrics`
}

export const getMetrics = async ( options?: RequestInit): Promise<getMetricsResponse> => {
  
  return http<getMetricsResponse>(getGetMetricsUrl(),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


