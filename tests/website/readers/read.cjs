// What programs for Node that are not ours make of the site. read.cjs FOLDER KIND FILE-OR-ADDRESS prints it as JSON.
const { createRequire } = require("node:module");
const { readFileSync } = require("node:fs");

const [folder, kind, what] = process.argv.slice(2);
const from = createRequire(`${folder}/`);

// Read a calendar with ical.js: the UID, the number, the words and the beginning of each event.
function calendar(file) {
  const ICAL = from("ical.js");
  const calendar = new ICAL.Component(ICAL.parse(readFileSync(file, "utf-8")));
  return calendar.getAllSubcomponents("vevent").map((one) => {
    const event = new ICAL.Event(one);
    return [event.uid, event.sequence, event.summary, event.startDate.toString()];
  });
}

// Ask for everything that statuspage.io can ask for.
async function statuspage(address) {
  const { Statuspage } = from("statuspage.io");
  const client = new Statuspage("ours");
  client.setApiUrl(address);
  const { api } = client;
  return {
    status: await api.getStatus(),
    components: await api.getComponents(),
    summary: await api.getSummary(),
    incidents: await api.incidents.getAll(),
    unresolved: await api.incidents.getUnresolved(),
    upcoming: await api.scheduledMaintenances.getUpcoming(),
  };
}

Promise.resolve({ calendar, statuspage }[kind](what)).then((found) => console.log(JSON.stringify(found)));
