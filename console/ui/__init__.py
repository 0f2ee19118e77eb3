"""Widgets: they ask and show, they do not decide. Qt lives here and in the console's composition roots."""
