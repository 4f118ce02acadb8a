package samples

// cuad are the 41 categories of the Contract Understanding Atticus Dataset.
var cuad = []string{
	"Affiliate License-Licensee", "Affiliate License-Licensor", "Agreement Date", "Anti-Assignment", "Audit Rights",
	"Cap on Liability", "Change of Control", "Competitive Restriction Exception", "Covenant Not to Sue", "Document Name",
	"Effective Date", "Exclusivity", "Expiration Date", "Governing Law", "IP Ownership Assignment", "Insurance",
	"Irrevocable or Perpetual License", "Joint IP Ownership", "License Grant", "Liquidated Damages", "Minimum Commitment",
	"Most Favored Nation", "No-Solicit of Customers", "No-Solicit of Employees", "Non-Compete", "Non-Disparagement",
	"Non-Transferable License", "Notice Period to Terminate Renewal", "Parties", "Post-Termination Services",
	"Price Restrictions", "Renewal Term", "Revenue/Profit Sharing", "Rofr/Rofo/Rofn", "Source Code Escrow",
	"Termination for Convenience", "Third Party Beneficiary", "Uncapped Liability", "Unlimited/All-You-Can-Eat-License",
	"Volume Restriction", "Warranty Duration",
}
