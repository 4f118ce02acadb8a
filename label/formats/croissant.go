package formats

import (
	"encoding/json"
	"fmt"
)

// croissant is the metadata of a data set in Croissant 1.0
// (https://docs.mlcommons.org/croissant/docs/croissant-spec.html), JSON-LD over
// schema.org: each Parquet file with its hash, and the columns of each.
func croissant(info Info, files []parquetInfo) (string, error) {
	type object = map[string]any
	var distribution, records []object
	for _, f := range files {
		distribution = append(distribution, object{
			"@type": "cr:FileObject", "@id": f.Path, "name": f.Path, "contentUrl": f.Path,
			"contentSize": fmt.Sprintf("%d B", f.Size), "encodingFormat": "application/x-parquet", "sha256": f.SHA256,
		})
		id := f.Config + "-" + f.Split
		source := func(column string) object {
			return object{"fileObject": object{"@id": f.Path}, "extract": object{"column": column}}
		}
		var fields []object
		for _, c := range columns(f.Config) {
			field := object{"@type": "cr:Field", "@id": id + "/" + c.name, "name": c.name, "dataType": c.kind, "source": source(c.name)}
			if c.repeated {
				field["repeated"] = true
			}
			if len(c.sub) > 0 {
				delete(field, "dataType")
				var subs []object
				for _, s := range c.sub {
					sub := object{"@type": "cr:Field", "@id": id + "/" + c.name + "/" + s.name, "name": s.name, "dataType": s.kind, "source": source(c.name)}
					sub["source"].(object)["transform"] = object{"jsonPath": s.name}
					subs = append(subs, sub)
				}
				field["subField"] = subs
			}
			fields = append(fields, field)
		}
		records = append(records, object{
			"@type": "cr:RecordSet", "@id": id, "name": id, "description": fmt.Sprintf("%d %s of the %s split.", f.Rows, f.Config, f.Split),
			"field": fields,
		})
	}
	root := object{
		"@context": json.RawMessage(croissantContext), "@type": "sc:Dataset", "name": info.Name, "description": info.Description,
		"version": info.Version, "conformsTo": "http://mlcommons.org/croissant/1.0", "distribution": distribution, "recordSet": records,
	}
	if info.License != "" {
		root["license"] = "https://spdx.org/licenses/" + info.License
	}
	b, err := json.MarshalIndent(root, "", " ")
	return string(b) + "\n", err
}

// A column is a field of a record.
type column struct {
	name, kind string
	repeated   bool
	sub        []column
}

func columns(config string) []column {
	text := func(name string) column { return column{name: name, kind: "sc:Text"} }
	integer := func(name string) column { return column{name: name, kind: "sc:Integer"} }
	if config == "documents" {
		return []column{text("doc_id"), text("text"), text("reference"), {name: "labels", repeated: true, sub: []column{
			text("category"), integer("start"), integer("end"), integer("byte_start"), integer("byte_end"), text("text"),
			{name: "absent", kind: "sc:Boolean"}, text("origin"), text("by"), {name: "confidence", kind: "sc:Float"},
		}}}
	}
	return []column{text("id"), text("doc_id"), {name: "messages", repeated: true, sub: []column{text("role"), text("content")}},
		{name: "weights", kind: "sc:Float", repeated: true}, text("rejected")}
}

// croissantContext is the context that the specification gives.
const croissantContext = `{
  "@language": "en", "@vocab": "https://schema.org/", "citeAs": "cr:citeAs", "column": "cr:column",
  "conformsTo": "dct:conformsTo", "cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/",
  "data": {"@id": "cr:data", "@type": "@json"}, "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
  "dct": "http://purl.org/dc/terms/", "examples": {"@id": "cr:examples", "@type": "@json"}, "extract": "cr:extract",
  "field": "cr:field", "fileProperty": "cr:fileProperty", "fileObject": "cr:fileObject", "fileSet": "cr:fileSet",
  "format": "cr:format", "includes": "cr:includes", "isLiveDataset": "cr:isLiveDataset", "jsonPath": "cr:jsonPath",
  "key": "cr:key", "md5": "cr:md5", "parentField": "cr:parentField", "path": "cr:path",
  "recordSet": "cr:recordSet", "references": "cr:references", "regex": "cr:regex", "repeated": "cr:repeated",
  "replace": "cr:replace", "sc": "https://schema.org/", "separator": "cr:separator", "source": "cr:source",
  "subField": "cr:subField", "transform": "cr:transform"
}`
