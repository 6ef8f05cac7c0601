"""The certificate on paper: one self-contained page for print and phone, in Chinese or English."""

from tanhui.registry.certificate_page.page import certificate_link, certificate_page

__all__ = ["certificate_link", "certificate_page"]
