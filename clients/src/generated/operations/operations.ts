/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type {
  DeepHealth,
  Health
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


