package web

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"adapt/erase"
	"adapt/registry"
)

// A domainModels is a domain's part of the page of models.
type domainModels struct {
	Domain      string
	HasChampion bool
	Champion    registry.Model
	Models      []registry.Model
}

type modelsView struct {
	base
	Domains []domainModels
}

func (s *site) showModels(w http.ResponseWriter, r *http.Request) error {
	all, err := s.reg.ListModels(r.Context(), "")
	if err != nil {
		return err
	}
	view := modelsView{base: s.base("Models", "models", r)}
	view.Domains, err = s.byDomain(r.Context(), all)
	if err != nil {
		return err
	}
	return s.render(w, http.StatusOK, "models.html", view)
}

// byDomain groups models, domains in the order of their names.
func (s *site) byDomain(ctx context.Context, all []registry.Model) ([]domainModels, error) {
	groups := map[string][]registry.Model{}
	for _, m := range all {
		groups[m.Domain] = append(groups[m.Domain], m)
	}
	var domains []domainModels
	for _, d := range slices.Sorted(maps.Keys(groups)) {
		champion, ok, err := s.reg.Champion(ctx, d)
		if err != nil {
			return nil, err
		}
		domains = append(domains, domainModels{d, ok, champion, groups[d]})
	}
	return domains, nil
}

// A historyLine is a promotion with the names of its models.
type historyLine struct {
	registry.Promotion
	Name, PreviousName string
}

type domainView struct {
	base
	domainModels
	History     []historyLine
	CanRollback bool
	Form        decisionForm
	Sent        bool
}

func (s *site) showDomain(w http.ResponseWriter, r *http.Request) error {
	view, err := s.domainView(r, r.PathValue("domain"))
	if err != nil {
		return err
	}
	view.Sent = r.URL.Query().Has("sent")
	return s.render(w, http.StatusOK, "domain.html", view)
}

func (s *site) domainView(r *http.Request, domain string) (domainView, error) {
	ctx := r.Context()
	models, err := s.reg.ListModels(ctx, domain)
	if err != nil {
		return domainView{}, err
	}
	if len(models) == 0 {
		return domainView{}, errNoPage
	}
	groups, err := s.byDomain(ctx, models)
	if err != nil {
		return domainView{}, err
	}
	view := domainView{base: s.base("Models of "+domain, "models", r), domainModels: groups[0]}
	if view.CanRollback, err = s.reg.CanRollback(ctx, domain); err != nil {
		return domainView{}, err
	}
	moves, err := s.reg.History(ctx, domain)
	if err != nil {
		return domainView{}, err
	}
	view.History = withNames(moves, models)
	return view, nil
}

// withNames adds the models' names to their promotions.
func withNames(moves []registry.Promotion, models []registry.Model) []historyLine {
	names := map[string]string{}
	for _, m := range models {
		names[m.Ref.SHA256] = m.Name
	}
	lines := make([]historyLine, len(moves))
	for i, p := range moves {
		lines[i] = historyLine{p, names[p.Model.SHA256], names[p.Previous.SHA256]}
	}
	return lines
}

type modelView struct {
	base
	Model      registry.Model
	IsChampion bool
	Parent     string // its name, when the registry knows it
	Deleted    int    // documents that it was trained on and that were deleted since
}

func (s *site) showModel(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	m, err := s.reg.GetModel(ctx, "", r.PathValue("name"))
	if err != nil {
		return err
	}
	champion, ok, err := s.reg.Champion(ctx, m.Domain)
	if err != nil {
		return err
	}
	view := modelView{base: s.base("Model "+m.Name, "models", r), Model: m, IsChampion: ok && champion.Ref == m.Ref}
	if view.Parent, err = s.candidateOf(ctx, m.Domain, m.Parent); err != nil {
		return err
	}
	marks, err := erase.Marks(ctx, s.reg)
	if err != nil {
		return err
	}
	view.Deleted = marks[m.Name]
	return s.render(w, http.StatusOK, "model.html", view)
}
