package samples

import (
	"fmt"
	"math/rand/v2"
)

// Every name here is invented; a likeness to a real firm or person is chance.
var (
	firmFirst = []string{"Corvane", "Tellmarsh", "Ostrum", "Quillhaven", "Brindlecote", "Halvard Ness", "Pemberlow",
		"Tarnwick", "Zelphin", "Arrowmere", "Dunscomb Vale", "Fennimark", "Galloren", "Hesperand", "Ivelmoor", "Juniper Holt",
		"Kestrelby", "Lantana Ford", "Mossgrave", "Northolm Reach", "Orrinvale", "Pellucid Bay", "Quarrington", "Rookfield",
		"Saltire Point", "Thornaby Glen", "Umberline", "Vantry", "Willowmarch", "Yarrowgate", "Ashpindle", "Birchamber",
		"Cinderhall", "Drummoyle", "Eastlark", "Foxtallow", "Greyminster", "Harrowdene", "Inchbrook", "Jadewater",
		"Kilnsea Bank", "Lorimer Stead", "Maplethorne", "Nettlecombe", "Oxendale", "Plumstock", "Quenby Ridge", "Ravelston Key",
		"Sedgemere", "Tolliver Pike", "Ullsmere", "Verdantine", "Wexcroft", "Yewbarrow", "Zinnia Cross", "Alderfen",
		"Blackwillow", "Copperlea", "Dovetarn", "Elmstead Way"}
	firmTrade = map[kind][2][]string{
		nda:      {{"Robotics", "Biologics", "Foods", "Energy", "Instruments", "Media"}, {"Capital", "Ventures", "Holdings", "Partners", "Systems", "Industries"}},
		services: {{"Consulting", "Technical Services", "Facilities", "Data Services", "Field Services", "Advisory"}, {"Hospital Group", "Logistics", "Foods", "Retail", "Manufacturing", "Hotels"}},
		licence:  {{"Software", "Technologies", "Studios", "Research", "Labs", "Designs"}, {"Publishing", "Games", "Textiles", "Networks", "Products", "Devices"}},
		lease:    {{"Properties", "Realty", "Estates", "Land Company", "Developments", "Buildings"}, {"Trading", "Bakeries", "Outfitters", "Dental Care", "Printing", "Cycles"}},
		supply:   {{"Plastics", "Metals", "Packaging", "Chemicals", "Components", "Mills"}, {"Appliances", "Beverages", "Motors", "Furniture", "Medical", "Tools"}},
	}
	firmForm = []struct{ suffix, form string }{
		{", Inc.", "corporation"}, {" LLC", "limited liability company"}, {" Ltd.", "limited company"},
		{" Corporation", "corporation"}, {", L.P.", "limited partnership"}, {" Co.", "company"}, {" Group, Inc.", "corporation"},
	}
	streets = []string{"Tanner Row", "Quince Street", "Old Ferry Road", "Lamplighter Way", "Mill Pond Lane", "Cobalt Avenue",
		"Harbor Terrace", "Station Parade", "Weir Street", "Orchard Rise", "Chandler Square", "Beacon Drive"}
	given  = []string{"Marta", "Owen", "Ingrid", "Tobias", "Leila", "Anselm", "Priya", "Callum", "Yara", "Desmond", "Noor", "Felix", "Greta", "Hamid", "Iris", "Jonas", "Kamala", "Lorcan", "Mei", "Nadia"}
	family = []string{"Ashgrove", "Bellwether", "Castellow", "Dunmore", "Eversholt", "Farrimond", "Garside", "Holloran", "Iverleigh", "Jessamy", "Kettering", "Lindqvist", "Marchetti", "Nightingale", "Okonedo", "Pradhan", "Quayle", "Rasmusson", "Sotherby", "Tillotson", "Umeda", "Voskuil"}
)

// A place gives a contract its law, its courts and its money.
type place struct {
	law, city, adjective, symbol, currency string
}

var places = []place{
	{"the State of Ohio", "Columbus", "an Ohio", "$", "dollars"},
	{"the State of New York", "Albany", "a New York", "$", "dollars"},
	{"the State of Delaware", "Wilmington", "a Delaware", "$", "dollars"},
	{"the State of California", "Sacramento", "a California", "$", "dollars"},
	{"the State of Texas", "Austin", "a Texas", "US$", "dollars"},
	{"the State of Illinois", "Springfield", "an Illinois", "$", "dollars"},
	{"the Commonwealth of Massachusetts", "Worcester", "a Massachusetts", "$", "dollars"},
	{"the State of Georgia", "Savannah", "a Georgia", "$", "dollars"},
	{"the State of Washington", "Tacoma", "a Washington", "US$", "dollars"},
	{"the State of Minnesota", "Duluth", "a Minnesota", "$", "dollars"},
	{"the Commonwealth of Virginia", "Roanoke", "a Virginia", "$", "dollars"},
	{"the State of Oregon", "Eugene", "an Oregon", "$", "dollars"},
	{"the State of Colorado", "Pueblo", "a Colorado", "$", "dollars"},
	{"the State of New Jersey", "Trenton", "a New Jersey", "$", "dollars"},
	{"the Province of Ontario", "Kingston", "an Ontario", "C$", "Canadian dollars"},
	{"England and Wales", "Bristol", "an English", "\u00a3", "pounds"},
	{"Scotland", "Dundee", "a Scottish", "\u00a3", "pounds"},
	{"Ireland", "Galway", "an Irish", "EUR ", "euros"},
	{"New South Wales", "Newcastle", "an Australian", "A$", "Australian dollars"},
	{"the State of Michigan", "Lansing", "a Michigan", "$", "dollars"},
}

func person(rng *rand.Rand) string { return pick(rng, given) + " " + pick(rng, family) }

func address(rng *rand.Rand, city string) string {
	return fmt.Sprintf("%d %s, %s", 10+rng.IntN(900), pick(rng, streets), city)
}

// A topic is what a contract is about.
type topic struct {
	noun   string // a trade: "payroll processing"
	detail string // a longer phrase
	x      string // what the contract calls its subject
	unit   string // what is counted
}

var topics = map[kind][]topic{
	nda: {
		{"grain sorting machinery", "a merger of their grain sorting businesses", "the Confidential Information", "units"},
		{"medical sensors", "a joint trial of wearable medical sensors", "the Evaluation Materials", "devices"},
		{"frozen desserts", "the purchase of a frozen dessert plant", "the Confidential Information", "cases"},
		{"battery recycling", "an investment in battery recycling", "the Disclosed Materials", "tons"},
		{"museum exhibits", "a shared bid for museum exhibits", "the Confidential Information", "pieces"},
		{"river freight", "a partnership in river freight", "the Evaluation Materials", "loads"},
		{"language courses", "the licensing of online language courses", "the Disclosed Materials", "seats"},
		{"vaccine storage", "the development of vaccine storage boxes", "the Confidential Information", "boxes"},
		{"roof panels", "the design of solar roof panels", "the Evaluation Materials", "panels"},
		{"fraud detection", "a pilot of fraud detection software", "the Disclosed Materials", "accounts"},
	},
	services: {
		{"payroll processing", "the weekly payroll processing of its hourly and salaried staff", "the Services", "pay slips"},
		{"network monitoring", "round-the-clock network monitoring and first-line repair", "the Services", "devices"},
		{"grounds maintenance", "mowing, planting and snow clearance on its grounds", "the Services", "acres"},
		{"technical translation", "the translation of manuals into five languages", "the Services", "pages"},
		{"equipment calibration", "the yearly calibration of scales and pressure gauges", "the Services", "instruments"},
		{"call center support", "the answering of customer calls and messages", "the Services", "calls"},
		{"market research", "interviews and surveys among buyers of its goods", "the Services", "interviews"},
		{"fleet maintenance", "the upkeep of its vans and trucks", "the Services", "vehicles"},
		{"water testing", "the sampling and laboratory testing of process water", "the Services", "samples"},
		{"warehouse staffing", "the staffing of two warehouse shifts", "the Services", "shifts"},
	},
	licence: {
		{"route planning software", "a program that plans delivery routes", "the Licensed Software", "copies"},
		{"seed sorting technology", "patents and know-how on the optical sorting of seed", "the Licensed Technology", "machines"},
		{"children's merchandise", "a family of drawn characters known to children", "the Licensed Characters", "articles"},
		{"historical photographs", "an archive of historical photographs", "the Licensed Images", "prints"},
		{"speech recognition", "an engine that turns speech into text", "the Licensed Engine", "installations"},
		{"textile dyeing", "a dyeing process that saves water", "the Licensed Process", "meters"},
		{"chess instruction", "a course of chess lessons with software", "the Licensed Course", "subscriptions"},
		{"crop mapping", "a database of soil and crop maps", "the Licensed Database", "queries"},
		{"shift scheduling software", "software that draws up shift plans", "the Licensed Software", "copies"},
		{"audio effects", "a library of recorded sound effects", "the Licensed Recordings", "downloads"},
	},
	lease: {
		{"office services", "general offices and a small conference room", "the Premises", "square feet"},
		{"storage", "the storage and packing of household goods", "the Premises", "pallets"},
		{"bookselling", "a bookshop with a reading corner", "the Premises", "volumes"},
		{"restaurant keeping", "a restaurant of some sixty seats", "the Premises", "covers"},
		{"laboratory work", "a laboratory for food chemistry", "the Premises", "samples"},
		{"cold storage", "the chilled storage of fruit", "the Premises", "crates"},
		{"dental care", "a dental practice with four chairs", "the Premises", "visits"},
		{"bicycle repair", "the sale and repair of bicycles", "the Premises", "bicycles"},
		{"printing", "a print shop with light machinery", "the Premises", "reams"},
		{"physical fitness", "a gymnasium and changing rooms", "the Premises", "members"},
	},
	supply: {
		{"molded caps", "molded plastic caps", "the Products", "caps"},
		{"lithium cells", "rechargeable lithium cells", "the Products", "cells"},
		{"paperboard cartons", "printed paperboard cartons", "the Products", "cartons"},
		{"stainless fasteners", "stainless steel fasteners", "the Products", "pieces"},
		{"rolled oats", "organic rolled oats", "the Products", "bags"},
		{"glass vials", "sterile glass vials", "the Products", "vials"},
		{"filter cartridges", "water filter cartridges", "the Products", "cartridges"},
		{"circuit boards", "assembled circuit boards", "the Products", "boards"},
		{"ball bearings", "sealed ball bearings", "the Products", "bearings"},
		{"dyed yarn", "dyed cotton yarn", "the Products", "cones"},
	},
}

// roles are what the contracts of a kind call the performing and the paying
// party.
var roles = map[kind][][2]string{
	nda:      {{"Discloser", "Recipient"}, {"Disclosing Party", "Receiving Party"}, {"Owner", "Evaluator"}, {"Company", "Investor"}, {"Provider", "Counterparty"}},
	services: {{"Provider", "Client"}, {"Contractor", "Customer"}, {"Consultant", "Company"}, {"Service Provider", "Client"}, {"Vendor", "Customer"}},
	licence:  {{"Licensor", "Licensee"}, {"Owner", "Licensee"}, {"Licensor", "Company"}, {"Grantor", "User"}},
	lease:    {{"Landlord", "Tenant"}, {"Lessor", "Lessee"}, {"Owner", "Tenant"}, {"Landlord", "Occupant"}},
	supply:   {{"Supplier", "Buyer"}, {"Seller", "Purchaser"}, {"Manufacturer", "Customer"}, {"Vendor", "Buyer"}, {"Supplier", "Company"}},
}

// nouns are what the contracts of a kind call themselves.
var nouns = map[kind][]string{
	nda:      {"Agreement"},
	services: {"Agreement", "Agreement", "Contract"},
	licence:  {"Agreement", "Agreement", "License Agreement"},
	lease:    {"Lease", "Lease", "Agreement"},
	supply:   {"Agreement", "Contract", "Agreement"},
}

// fees are what the contracts of a kind call what is paid.
var fees = map[kind][]string{
	nda:      {"the consideration"},
	services: {"the Fees", "the service fees", "the charges"},
	licence:  {"the license fees", "the Fees", "the Royalties"},
	lease:    {"the Rent", "Rent"},
	supply:   {"the prices", "the purchase prices", "the Prices"},
}

var regions = []string{"the northern counties", "the Great Lakes states", "North America", "the Benelux countries", "the Pacific coast",
	"Scandinavia", "the New England states", "the Gulf coast", "Australia and New Zealand", "the British Isles", "the Mountain West", "the Iberian peninsula"}
