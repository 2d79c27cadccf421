"""The budget page: one HTML file with sliders, evaluated by plain JavaScript."""
