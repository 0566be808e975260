"""The pages people read: server-rendered, complete without JavaScript, livelier with it.

`routes` answers, `templates/` says it, `src/` draws maps, graphs and charts in the browser.
Every text goes through gettext. What is true is asked of `registry_api.services`; nothing is
decided here.
"""
