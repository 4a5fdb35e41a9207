// What everybody is set to who maps the events: eight match keys, names, places and a street among them, as Segment's
// destination sends them, and a data set.
export const CONFIG = {
  dataSetName: "web_events",
  identity: { matchKeys: ["EMAIL", "PHONE", "FIRST_NAME", "LAST_NAME", "ADDRESS", "CITY", "STATE", "POSTAL"] },
  defaults: { countryCode: "US", currencyCode: "USD" },
};
