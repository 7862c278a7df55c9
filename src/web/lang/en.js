// English. One flat object; keys start with the surface they belong to.
export default {
  // widget
  "widget.title": "Ask us",
};
