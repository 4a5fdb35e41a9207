// Tables of the peers in JavaScript: only what the events of the benchmark need, so that nobody reads more than that.

/** Event name to conversion type. */
export const CONVERSION_TYPES = new Map([
  ["page", "PAGE_VIEW"],
  ["checkout started", "CHECKOUT"],
  ["order completed", "OFF_AMAZON_PURCHASES"],
  ["product added", "ADD_TO_SHOPPING_CART"],
  ["product removed", "OTHER"],
  ["product clicked", "OTHER"],
  ["product list viewed", "PAGE_VIEW"],
  ["product viewed", "PAGE_VIEW"],
  ["cart viewed", "PAGE_VIEW"],
  ["products searched", "SEARCH"],
]);

/** Device to event source. */
export const SOURCES = new Map([["ios", "IOS"], ["iphone", "IOS"], ["ipad", "IOS"], ["android", "ANDROID"], ["firetv", "FIRE_TV"]]);

export const CALLING_CODES = new Map([["US", "1"], ["CA", "1"], ["GB", "44"], ["DE", "49"]]);

/** Countries that ask for consent. */
export const OPT_IN = new Set(["GB", "DE"]);

export const CURRENCIES = new Set(["USD", "CAD", "GBP", "EUR"]);

/** By country: code or folded name of a state to what is sent. */
export const STATES = {
  US: new Map([["wa", "wa"], ["ca", "ca"], ["tx", "tx"], ["ny", "ny"], ["mo", "mo"], ["washington", "wa"], ["california", "ca"], ["texas", "tx"], ["newyork", "ny"], ["missouri", "mo"]]),
  CA: new Map([["on", "on"], ["qc", "qc"], ["ontario", "on"], ["quebec", "qc"]]),
  DE: new Map([["nw", "nw"], ["be", "be"], ["nordrheinwestfalen", "nw"], ["berlin", "be"]]),
};
