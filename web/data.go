package web

import (
	"errors"
	"html/template"
	"net/http"

	"adapt/eval"
	"adapt/label"
	"adapt/registry"
)

// A dataLine is a data set in the list of all.
type dataLine struct {
	registry.DatasetVersion
	Train, Dev, Test, Examples int
}

type dataView struct {
	base
	Data []dataLine
}

func (s *site) showAllData(w http.ResponseWriter, r *http.Request) error {
	versions, err := s.reg.ListDatasets(r.Context(), "")
	if err != nil {
		return err
	}
	view := dataView{base: s.base("Data", "data", r)}
	for _, v := range versions {
		var d label.Dataset
		if err := s.reg.Store().JSON(v.Ref, &d); err != nil {
			return err
		}
		line := dataLine{DatasetVersion: v, Train: d.Splits[label.Train].Docs, Dev: d.Splits[label.Dev].Docs, Test: d.Splits[label.Test].Docs}
		for _, c := range d.Splits {
			line.Examples += c.Examples
		}
		view.Data = append(view.Data, line)
	}
	return s.render(w, http.StatusOK, "data.html", view)
}

type datasetView struct {
	base
	registry.DatasetVersion
	Labels  string // the version of the domain's labels
	Seed    int64
	Tables  []label.Table
	Leakage []string
	Plot    template.HTML
}

func (s *site) showData(w http.ResponseWriter, r *http.Request) error {
	v, err := s.reg.GetDataset(r.Context(), r.PathValue("version"))
	if errors.Is(err, registry.ErrAmbiguous) {
		return pageError{http.StatusNotFound, "Several data sets begin so", "Give more digits of the version, or choose it from the list of data sets."}
	}
	if err != nil {
		return err
	}
	var d label.Dataset
	if err := s.reg.Store().JSON(v.Ref, &d); err != nil {
		return err
	}
	return s.render(w, http.StatusOK, "dataset.html", datasetView{
		base: s.base("Data set "+v.Version(), "data", r), DatasetVersion: v, Labels: d.Version, Seed: d.Seed,
		Tables: d.Tables(), Leakage: append(d.Leakage.Sentences(), d.LeftOut()...), Plot: eval.DatasetPlot(d),
	})
}
