"""Networks as everything else uses them: loading, converting, rendering, cameras."""
