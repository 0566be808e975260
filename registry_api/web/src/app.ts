// Every page: htmx, held to what the content security policy allows.
import htmx from "htmx.org";

htmx.config.includeIndicatorCSS = false; // our own style sheet has the indicator
htmx.config.mode = "same-origin";
